"""What the log says where it does not hold what is asked for."""

from typing import NoReturn

from hub.errors import Missing


def no_checkpoint() -> NoReturn:
    """There is no checkpoint."""
    raise Missing("audit.no-checkpoint", "The log has published no checkpoint yet.", "日志尚未公布检查点。")


def no_entry() -> Missing:
    """There is no such entry, or not under such a checkpoint."""
    return Missing("audit.no-such-entry", "The log holds no such entry.", "日志中无此条目。")


def no_tile() -> Missing:
    """No tile that the checkpoint covers."""
    return Missing("audit.no-such-tile", "The log holds no such tile.", "日志中无此分片。")
