"""Letters to hand in: an honest one, and one that tries everything a letter can try."""

from email.message import EmailMessage

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f00038201"
    "7f1e2f0b1d0000000049454e44ae426082"
)
HOSTILE = """<html><head><meta http-equiv="refresh" content="0;url=/auth/login?evil">
<link rel="stylesheet" href="http://127.0.0.1:STRANGER/a.css"><base href="http://127.0.0.1:STRANGER/">
<script>top.document.title = document.title = "struck"; fetch("/auth/login?script")</script></head>
<body onload="document.title='struck'"><img src="http://127.0.0.1:STRANGER/pixel.png" onerror="document.title='struck'">
<svg onload="parent.struck = 1"></svg><form action="/inbox/empty" method="post"><button id="b">Go</button></form>
<iframe src="/auth/login?frame"></iframe><object data="/auth/login?object"></object>
<a id="out" target="_top" href="http://127.0.0.1:STRANGER/">out</a><a href="javascript:alert(1)">js</a>
<p id="words">The words of a hostile letter</p></body></html>"""


def letter(
    *, to: str = "anna@example.org", subject: str = "Привет, маяк", html: str = "", text: str = "Слова"
) -> bytes:
    """An ordinary letter, with its HTML and a picture inside when `html` is given."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Вера <vera@example.org>", to, subject
    made["Message-ID"] = f"<{subject.encode().hex()}@example.org>"
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
        made.get_payload()[1].add_related(PIXEL, "image", "png", cid="<pixel>")  # type: ignore[union-attr,index]
    return made.as_bytes()
