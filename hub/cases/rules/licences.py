"""Electronic licence identifiers 电子证照标识 (GB/T 36904)."""

from hub.errors import Malformed, Refused
from hub.kernel.checkdigits import licence_id_check

ROOT = "1.2.156.3005.2."
TYPE_LENGTH, VERSION_LENGTH = 21, 3


def require_licence_id(text: str) -> None:
    """The identifier has its parts (type, issuer, serial, version) and the right check character (ISO 7064 MOD 37,36).

    Raises:
        Malformed: ``cases.bad-licence-id``.
    """
    parts = text.removeprefix(ROOT).split(".")
    wellformed = text.startswith(ROOT) and len(parts) > 4 and len(parts[0]) == TYPE_LENGTH  # noqa: PLR2004
    if not wellformed or len(parts[-2]) != VERSION_LENGTH or not _is_checked("".join(parts[:-1]), parts[-1]):
        raise Malformed(
            "cases.bad-licence-id",
            "The licence identifier is not one of GB/T 36904, or its check character is wrong.",
            "电子证照标识不符合 GB/T 36904，或校验位有误。",
        )


def require_licence_type(text: str, type_code: str) -> None:
    """The identifier is of the type, of 21 characters, that the matter results in; any is, where it names none.

    Raises:
        Refused: ``cases.licence-of-another-type``.
    """
    if type_code and text.removeprefix(ROOT).split(".")[0] != type_code:
        raise Refused(
            "cases.licence-of-another-type",
            f"The matter results in a licence of type {type_code}; the identifier begins with another.",
            f"该事项的证照类型为 {type_code}，与证照标识中的类型不同。",
        )


def _is_checked(body: str, check: str) -> bool:
    try:
        return licence_id_check(body) == check
    except Malformed:
        return False


def licence_id(type_code: str, issuer: str, serial: str, version: int = 1) -> str:
    """The identifier with its check character; ``type_code`` has 21 characters."""
    body = [type_code, issuer, serial, f"{version:03d}"]
    return f"{ROOT}{'.'.join(body)}.{licence_id_check(''.join(body).replace('.', ''))}"
