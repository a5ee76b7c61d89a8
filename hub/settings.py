"""What an operator decides, read once from the HUB_* variables; a wrong one stops the start and says what to set."""

import os
import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, TypeVar
from urllib.parse import urlsplit

from hub.api.limits import KIB, MIB, Limits
from hub.errors import Malformed
from hub.proof.keyreference import is_in_device
from hub.proof.pkcs11 import Device

SECRET_BYTES: Final = 32
MOST_PORT: Final = 65535
NEARLY: Final = 0.9
HUB_ID: Final = re.compile(r"hub:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,58}[A-Za-z0-9])?", re.ASCII)
METRICS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client reads it when it is loaded; the worker processes of one server add up their meters there."""

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Every choice of one installation. ``seal_keys`` opens what is at rest; its first entry seals what is new."""

    database_url: str = field(repr=False)
    hub_id: str
    public_url: str
    data_dir: Path
    signing_key: Path | str
    log_key: Path | str
    log_origin: str
    seal_keys: Mapping[str, bytes] = field(repr=False)
    blind_key: bytes = field(repr=False)
    region_names: tuple[str, ...] = ()
    review_probable: bool = False
    golden_rules: Path | None = None
    scanner: str | None = None
    witness_policy: Path | None = None
    flag_rules: Path | None = None
    workdays: Path | None = None
    max_deferral_days: int = 180
    max_unwitnessed_age_seconds: int = 3600
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    verifiers: int = 0
    pool_size: int = 20
    log_level: str = "info"
    metrics_dir: Path | None = None
    device: Device = field(default_factory=Device)
    limits: Limits = field(default_factory=Limits)


def settings_from(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings that ``environment`` (the process's own by default) describes.

    A variable ``X`` may instead be given as ``X_FILE``, the path of a file that holds its value, so that secrets need
    not stand in the environment.

    Raises:
        Malformed: ``settings.missing`` or ``settings.wrong``, naming the variable and what it should hold.
    """
    return _Reader(os.environ if environment is None else environment).settings()


def device_from(environment: Mapping[str, str] | None = None) -> Device:
    """The signing device of this machine, for a command that needs a key and no hub."""
    return _Reader(os.environ if environment is None else environment).device()


def share_metrics(directory: Path) -> None:
    """The processes that this one starts from now on keep their meters in ``directory``."""
    os.environ[METRICS_VARIABLE] = str(directory)


def _missing(name: str, remedy: str, remedy_zh: str) -> Malformed:
    return Malformed(
        "settings.missing", f"{name} is not set: {remedy}.", f"未设置 {name}：{remedy_zh}。", variable=name
    )


def _wrong(name: str, remedy: str, remedy_zh: str) -> Malformed:
    return Malformed(
        "settings.wrong", f"{name} cannot be used: {remedy}.", f"{name} 的值不可用：{remedy_zh}。", variable=name
    )


@contextmanager
def named(name: str) -> Iterator[None]:
    """What cannot be read inside is told of under the name of the variable that points at it.

    Raises:
        Malformed: ``settings.wrong``.
    """
    try:
        yield
    except Malformed as fault:
        raise _wrong(name, fault.en.rstrip("."), fault.zh.rstrip("。")) from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise _wrong(name, "name a file or folder that the hub may use", "请指定枢纽有权使用的文件或目录") from fault


def require_own_folder(settings: Settings) -> None:
    """The folder of this node's own state is there, and a file can be made in it.

    Raises:
        Malformed: ``settings.wrong``; a node found that out with its first checkpoint otherwise.
    """
    with named("HUB_DATA_DIR"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=settings.data_dir).close()


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.asked: set[str] = set()

    def settings(self) -> Settings:
        hub_id = self.hub_id()
        port = self.number("HUB_PORT", 8080, 0, MOST_PORT)
        host = self.text("HUB_HOST") or "127.0.0.1"
        callable_host = f"[{host}]" if ":" in host else host
        data_dir = self.path("HUB_DATA_DIR") or Path("var/hub")
        made = Settings(
            database_url=self.database_url(),
            hub_id=hub_id,
            public_url=self.public_url() or f"http://{callable_host}:{port}",
            data_dir=data_dir,
            signing_key=self.key_file("HUB_SIGNING_KEY"),
            log_key=self.key_file("HUB_LOG_KEY"),
            log_origin=self.text("HUB_LOG_ORIGIN") or f"{hub_id.replace(':', '.')}/log",
            seal_keys=self.seal_keys(),
            blind_key=self.secret("HUB_BLIND_KEY"),
            region_names=tuple(name for name in (self.text("HUB_REGION_NAMES") or "").split(",") if name),
            review_probable=self.choice("HUB_REVIEW_PROBABLE", ("yes", "no"), "no") == "yes",
            golden_rules=self.file("HUB_GOLDEN_RULES"),
            scanner=self.scanner(),
            witness_policy=self.file("HUB_WITNESS_POLICY"),
            flag_rules=self.file("HUB_FLAG_RULES"),
            workdays=self.file("HUB_WORKDAYS"),
            max_deferral_days=self.number("HUB_MAX_DEFERRAL_DAYS", 180, 1, 3650),
            max_unwitnessed_age_seconds=self.number("HUB_MAX_UNWITNESSED_AGE", 3600, 1, 10**9),
            host=host,
            port=port,
            workers=self.number("HUB_WORKERS", 1, 1, 256),
            verifiers=self.number("HUB_VERIFIERS", min(2, (os.cpu_count() or 1) - 1), 0, 64),
            pool_size=self.number("HUB_POOL_SIZE", 20, 1, 1000),
            log_level=self.choice("HUB_LOG_LEVEL", ("debug", "info", "warning", "error"), "info"),
            metrics_dir=self.path(METRICS_VARIABLE),
            device=self.device(),
            limits=self.limits(),
        )
        self.refuse_misspelt()
        return made

    def refuse_misspelt(self) -> None:
        """What nearly reads as one of the hub's variables is meant as it; others' `HUB_*` variables are let be.

        Raises:
            Malformed: ``settings.wrong``.
        """
        for name in sorted(self.environment.keys() - self.asked):
            if name.startswith("HUB_") and (meant := get_close_matches(name, sorted(self.asked), 1, NEARLY)):
                raise _wrong(name, f"the hub has no such variable; {meant[0]} is one", f"没有该变量；应为 {meant[0]}")

    def hub_id(self) -> str:
        """The hub's own party id, which stands in everything that it signs."""
        remedy = "give the hub's own party id, such as hub:demo-county, in letters, digits and hyphens"
        remedy_zh = "请给出枢纽自己的参与方标识，如 hub:demo-county，由字母、数字和连字符组成"
        given = self.need("HUB_ID", remedy, remedy_zh)
        if not HUB_ID.fullmatch(given):
            raise _wrong("HUB_ID", remedy, remedy_zh)
        return given

    def device(self) -> Device:
        return Device(self.path("HUB_PKCS11_MODULE"), self.text("HUB_PKCS11_PIN"))

    def limits(self) -> Limits:
        usual = Limits()
        return Limits(
            json_bytes=self.number("HUB_MAX_JSON_BYTES", usual.json_bytes, KIB, 64 * MIB),
            message_bytes=self.number("HUB_MAX_MESSAGE_BYTES", usual.message_bytes, KIB, MIB),
            upload_bytes=self.number("HUB_MAX_UPLOAD_BYTES", usual.upload_bytes, KIB, 2048 * MIB),
            batch_bytes=self.number("HUB_MAX_BATCH_BYTES", usual.batch_bytes, MIB, 1024 * 1024 * MIB),
            receipt_seconds=self.number("HUB_RECEIPT_SECONDS", int(usual.receipt_seconds), 1, 600),
            threads=self.number("HUB_THREADS", usual.threads, 2, 1024),
            exchange_threads=self.number("HUB_EXCHANGE_THREADS", usual.exchange_threads, 1, 1024),
        )

    def text(self, name: str) -> str | None:
        """The value of ``name``, or what stands in the file that ``name``_FILE names; None when neither is set."""
        self.asked |= {name, f"{name}_FILE"}
        value, path = (self.environment.get(each, "").strip() for each in (name, f"{name}_FILE"))
        if value and path:
            raise _wrong(name, f"{name}_FILE is set too; leave one of them", f"同时设置了 {name}_FILE；请只保留一个")
        if not path:
            return value or None
        try:
            return self.home_path(f"{name}_FILE", path).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            raise _wrong(f"{name}_FILE", "name a readable text file", "请指定可读取的文本文件") from None

    def need(self, name: str, remedy: str, remedy_zh: str) -> str:
        if (value := self.text(name)) is None:
            raise _missing(name, remedy, remedy_zh)
        return value

    def parsed(self, name: str, text: str, parse: Callable[[str], T], remedy: str, remedy_zh: str) -> T:
        try:
            return parse(text)
        except (ValueError, NotBase64):
            raise _wrong(name, remedy, remedy_zh) from None

    def number(self, name: str, usual: int, least: int, most: int) -> int:
        if (text := self.text(name)) is None:
            return usual
        remedy, remedy_zh = f"give a whole number from {least} to {most}", f"请给出 {least} 至 {most} 的整数"
        value = self.parsed(name, text, int, remedy, remedy_zh)
        if not least <= value <= most:
            raise _wrong(name, remedy, remedy_zh)
        return value

    def choice(self, name: str, allowed: tuple[str, ...], usual: str) -> str:
        value = (self.text(name) or usual).lower()
        if value not in allowed:
            raise _wrong(name, f"choose {', '.join(allowed)}", f"可选值：{'、'.join(allowed)}")
        return value

    def path(self, name: str) -> Path | None:
        """A leading ``~`` is this account's home, or the named one's: no shell comes by where services are set up."""
        return self.home_path(name, value) if (value := self.text(name)) else None

    def home_path(self, name: str, written: str) -> Path:
        try:
            return Path(written).expanduser()
        except RuntimeError:
            raise _wrong(name, "it begins with ~, and there is no such home", "以 ~ 开头，但没有对应的主目录") from None

    def file(self, name: str) -> Path | None:
        path = self.path(name)
        if path is not None:
            with named(name):
                path.open("rb").close()
        return path

    def public_url(self) -> str | None:
        """The address under which others reach the hub; what it signs and publishes names it."""
        if (address := self.text("HUB_PUBLIC_URL")) is None:
            return None
        remedy = "give an address such as https://hub.example.gov.cn, without query"
        remedy_zh = "请给出形如 https://hub.example.gov.cn 的地址，不带查询参数"
        if not self.parsed("HUB_PUBLIC_URL", address, _is_base, remedy, remedy_zh):
            raise _wrong("HUB_PUBLIC_URL", remedy, remedy_zh)
        return address.rstrip("/")

    def scanner(self) -> str | None:
        address = self.text("HUB_CLAMD")
        host, _, port = (address or "").rpartition(":")
        if address and not (host and port.isdecimal() and 0 < int(port) <= MOST_PORT):
            raise _wrong("HUB_CLAMD", "give the scanner's address as HOST:PORT", "请以“主机:端口”给出扫描服务地址")
        return address

    def database_url(self) -> str:
        url = self.need(
            "HUB_DATABASE_URL",
            "give a PostgreSQL address, postgresql://user:password@host/database",
            "请给出 PostgreSQL 地址：postgresql://用户:口令@主机/数据库",
        )
        if not url.startswith(("postgresql://", "postgresql+psycopg://")):
            raise _wrong("HUB_DATABASE_URL", "it must begin with postgresql://", "须以 postgresql:// 开头")
        remedy = "its host or port cannot be read; write an @ of the password as %40"
        self.parsed("HUB_DATABASE_URL", url, _port, remedy, "主机或端口无法识别；口令中的 @ 请写作 %40")
        return url

    def key_file(self, name: str) -> Path | str:
        """The path of a key file, or the PKCS#11 URI of a key in a device, which is opened when the hub is built."""
        remedy = "name a PEM file with the private key, or a key in a device as pkcs11:…; `hub keys generate` makes one"
        remedy_zh = "请指定私钥 PEM 文件或设备密钥 pkcs11:…，可用 hub keys generate 生成"
        named = self.need(name, remedy, remedy_zh)
        if is_in_device(named):
            return named
        path = self.home_path(name, named)
        if not path.is_file():
            raise _wrong(name, remedy, remedy_zh)
        return path

    def secret(self, name: str) -> bytes:
        remedy = "give 32 random bytes in base64url; `hub keys secret` makes them"
        remedy_zh = "请给出 32 个随机字节的 base64url 编码，可用 hub keys secret 生成"
        secret = self.parsed(name, self.need(name, remedy, remedy_zh), _secret, remedy, remedy_zh)
        if len(secret) != SECRET_BYTES:
            raise _wrong(name, remedy, remedy_zh)
        return secret

    def seal_keys(self) -> dict[str, bytes]:
        remedy = "give ID:SECRET pairs separated by commas, no ID twice, the current one first"
        remedy_zh = "请给出以逗号分隔的“编号:密钥”，编号不得重复，当前使用的排在最前"
        text = self.need("HUB_SEAL_KEYS", remedy, remedy_zh)
        keys = self.parsed("HUB_SEAL_KEYS", text, _pairs, remedy, remedy_zh)
        if not keys or any(not name or len(key) != SECRET_BYTES for name, key in keys.items()):
            raise _wrong("HUB_SEAL_KEYS", remedy, remedy_zh)
        return keys


def _is_base(address: str) -> bool:
    """True of an address that paths can be added to."""
    parts = urlsplit(address)
    is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    return is_whole and not (parts.query or parts.fragment)


def _port(address: str) -> int | None:
    """The port in an address; what has none that can be read raises ``ValueError``."""
    place = address.partition("://")[2].partition("?")[0].rpartition("@")[2]
    return urlsplit(f"//{place}").port


def _secret(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _pairs(text: str) -> dict[str, bytes]:
    pairs = [pair.strip().partition(":") for pair in text.replace("\n", ",").split(",") if pair.strip()]
    keys = {name: _secret(secret) for name, _, secret in pairs}
    return keys if len(keys) == len(pairs) else {}
