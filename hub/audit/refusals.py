"""What is said where a log, or a copy of it, does not hold what is asked for, or cannot go on."""

from hub.errors import Missing, Unavailable


def no_checkpoint(place: str = "The log", place_zh: str = "日志") -> Missing:
    """There is no checkpoint in that place."""
    return Missing("audit.no-checkpoint", f"{place} holds no checkpoint yet.", f"{place_zh}中尚无检查点。")


def no_quorum() -> Missing:
    """There is no checkpoint that enough witnesses cosigned."""
    return Missing("audit.no-checkpoint", "No checkpoint has its quorum of witnesses yet.", "尚无获足够共签的检查点。")


def no_entry() -> Missing:
    """There is no such entry, or not under such a checkpoint."""
    return Missing("audit.no-such-entry", "The log holds no such entry.", "日志中无此条目。")


def no_tile(path: str | None = None) -> Missing:
    """There is no tile of that path, or none that the checkpoint covers."""
    if path is None:
        return Missing("audit.no-such-tile", "The log holds no such tile.", "日志中无此分片。")
    return Missing("audit.no-such-tile", f"There is no {path}.", f"缺少 {path}。")


def unwitnessed() -> Unavailable:
    """The newest checkpoint waits for its quorum longer than it may."""
    return Unavailable(
        "audit.unwitnessed",
        "Too few witnesses have cosigned the log for too long; nothing is released until they do.",
        "日志长时间未获足够见证方共签；恢复之前不披露任何数据。",
    )


def witness_store_away() -> Unavailable:
    """A witness can neither keep nor read what it cosigned."""
    return Unavailable(
        "audit.witness-store",
        "The witness cannot keep or read what it cosigned, so it cosigns nothing; see its disk and its folder.",
        "见证方无法保存或读取已共签的内容，故不共签；请检查其磁盘与文件夹。",
    )


def met(fault: Exception) -> Unavailable:
    """The sequencer met what none of its parts should raise."""
    name = type(fault).__name__
    return Unavailable(
        "audit.sequencer-fault",
        f"The sequencer met {name}; it tries again.",
        f"定序遇到 {name}，将自动重试。",
    )
