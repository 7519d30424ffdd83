"""A private certificate authority, made with the openssl command: its root, and certificates good and bad."""

import ssl
import subprocess
from pathlib import Path

# the dates are the command's own words: YYMMDDHHMMSSZ
_GOOD, _EXPIRED = ("200101000000Z", "491231000000Z"), ("200101000000Z", "200102000000Z")
_SETTINGS = """[ca]
default_ca = own
[own]
database = {folder}/index
new_certs_dir = {folder}
serial = {folder}/serial
certificate = {folder}/root.pem
private_key = {folder}/root.key
default_md = sha256
policy = anything
unique_subject = no
[anything]
commonName = supplied
[req]
distinguished_name = name
x509_extensions = root
prompt = no
[name]
CN = Private Root
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,digitalSignature,keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
subjectAltName = DNS:{host}
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
"""


class Authority:
    """Keeps its files in `folder`; `root` is what a client must trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root.pem"
        folder.mkdir()
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        settings = self._settings("localhost")
        self._key("root.key")
        self._openssl("req", "-x509", "-new", "-key", "root.key", "-out", "root.pem", "-days", "2", "-config", settings)

    def server_context(self, host: str = "localhost", *, is_expired: bool = False) -> ssl.SSLContext:
        """For a server with a certificate of ours for this name."""
        settings = self._settings(host)
        begins, ends = _EXPIRED if is_expired else _GOOD
        self._key("leaf.key")
        request = ["req", "-new", "-key", "leaf.key", "-subj", f"/CN={host}", "-config", settings]
        self._openssl(*request, "-out", "leaf.csr")
        signed = ["ca", "-batch", "-notext", "-config", settings, "-extensions", "leaf", "-in", "leaf.csr"]
        self._openssl(*signed, "-startdate", begins, "-enddate", ends, "-out", "leaf.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "leaf.pem", self.folder / "leaf.key")
        return context

    def _settings(self, host: str) -> str:
        path = self.folder / f"{host}.settings"
        path.write_text(_SETTINGS.format(folder=self.folder, host=host))
        return str(path)

    def _key(self, name: str) -> None:
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name)

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)
