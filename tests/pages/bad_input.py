"""What people and programs type that no field may take."""

CONTROL = {
    "a line break": "one\r\nBcc: two@example.org",
    "a NUL": "one\x00two",
    "a right-to-left override": "one\u202etwo",
}
KEPT = {
    "emoji": "Письмо 🎉 дня",
    "right-to-left text": "שלום עולם",
    "HTML": "<script>alert(1)</script> & co",
    "quotes": "\"'`",
}
