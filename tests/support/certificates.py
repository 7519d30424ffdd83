"""A self-made certificate per name, with the openssl command: the standard library can use but not make one."""

import ssl
import subprocess
import tempfile
from functools import cache
from pathlib import Path

# Python 3.13 checks strictly (RFC 5280): a root must say that it is one
_REQUEST = """[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = {host}
[extensions]
subjectAltName = DNS:{host}{address}
basicConstraints = critical,CA:TRUE
keyUsage = critical,digitalSignature,keyCertSign
subjectKeyIdentifier = hash
"""


@cache
def _made_for(host: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        request, key, certificate = (Path(folder, name) for name in ("request", "key", "certificate"))
        address = ",IP:127.0.0.1" if host == "localhost" else ""
        request.write_text(_REQUEST.format(host=host, address=address))
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
        subprocess.run(
            ["openssl", "req", "-x509", "-new", "-key", key, "-out", certificate, "-days", "2", "-config", request],
            check=True,
        )
        return certificate.read_bytes() + key.read_bytes()


def server_context(host: str) -> ssl.SSLContext:
    """For a server that calls itself `host`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(_made_for(host))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def client_context(host: str) -> ssl.SSLContext:
    """For a client that trusts that server's certificate and nobody else's."""
    pem = _made_for(host).decode("ascii")
    return ssl.create_default_context(cadata=pem[: pem.index("-----END CERTIFICATE-----") + 25] + "\n")
