"""Signatures by RSA and ECDSA keys: checked for the edge, made for `edgerun sign`.

Everything here imports `cryptography` when it is first used: most distributions have no private content.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

RSA_BITS: Final = (1024, 2048, 4096)
CURVE: Final = "secp256r1"


def verify(pem: bytes, signature: bytes, message: bytes, digest: str) -> bool:
    """Tell whether a signature of a message is by a key (`spec/cloudfront.md` §10.1).

    Args:
        pem: the public key, SPKI in PEM, RSA or P-256.
        signature: PKCS #1 v1.5 for RSA, DER for ECDSA.
        message: what was signed.
        digest: "SHA1" or "SHA256".
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415

    key = _public_key(pem)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), _hash(digest))
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(_hash(digest)))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def sign(pem: bytes, message: bytes, digest: str) -> bytes:
    """Return a signature of a message by a private key without password.

    Raises:
        ValueError: the key cannot be read, or is of a kind that CloudFront does not take.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the key is protected by a password; CloudFront's tools want it without") from error
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), _hash(digest))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(_hash(digest)))
    raise ValueError("expected an RSA or an ECDSA P-256 key")


def flaw(pem: bytes) -> str:
    """Return what is wrong with a public key for CloudFront, or ""."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415

    if b"PRIVATE KEY" in pem:
        return "holds a private key; CloudFront gets the public one: openssl pkey -in KEY -pubout"
    try:
        key = _public_key(pem)
    except ValueError:
        return "is no public key in PEM, which begins with -----BEGIN PUBLIC KEY-----"
    if isinstance(key, rsa.RSAPublicKey):
        return "" if key.key_size in RSA_BITS else f"is an RSA key of {key.key_size} bits; CloudFront takes 2048"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == CURVE:
        return ""
    return "is neither an RSA key of 2048 bits nor an ECDSA key on P-256"


@lru_cache(maxsize=64)
def _public_key(pem: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    return load_pem_public_key(pem)


def _hash(digest: str) -> "HashAlgorithm":
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    return hashes.SHA256() if digest == "SHA256" else hashes.SHA1()  # noqa: S303  # CloudFront's default
