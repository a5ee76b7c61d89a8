"""Which floor and which room a module stands in; the one table the architecture tests share."""

ROOMS = ("parties", "catalogue", "identity", "evidence", "sharing", "cases", "exchange")
DOORS = ("hub.api", "hub.cli", "hub.console", "hub.demo")
ROOF = ("hub.bootstrap", "hub.settings")
PLACES = {
    **dict.fromkeys(ROOF, ("roof", "design")),
    **dict.fromkeys(DOORS, ("doors", "design")),
    "hub.errors": ("ground", "design"),
    "hub.kernel": ("ground", "design"),
    "hub.proof": ("proof", "design"),
    "hub.storage": ("memory", "design"),
}
FLOORS = ("ground", "proof", "minds", "memory", "deeds", "doors", "roof")

# Modules of a room that are named for their noun instead of model, rules, tables, store or service: on which floor each
# stands, and why. What is not named here and has no such name counts as a mind, and must be pure.
NAMED: dict[str, tuple[str, str]] = {
    "hub.parties.tokens": ("deeds", "access tokens given and read: asks the directory and the replay store"),
    "hub.audit.lastsigned": ("memory", "the file of the last signed checkpoint"),
    "hub.audit.tilestore": ("memory", "tiles read from the log's tables"),
    "hub.audit.fetching": ("deeds", "asks others over HTTP, for readers and for the collector of cosignatures"),
    "hub.audit.readers": ("deeds", "where a log is verified from: tables, files, HTTP"),
    "hub.audit.verify": ("deeds", "reads a whole log through one of the readers"),
    "hub.audit.appending": ("deeds", "entries of many callers written together: a thread and its transactions"),
    "hub.audit.checking": ("deeds", "the entries of a whole log checked, in several processes"),
    "hub.audit.adoption": ("deeds", "a new node joins a published log: asks database and witnesses"),
    "hub.audit.attesting": ("deeds", "how the log stands with its witnesses: asks the database and what they hold"),
    "hub.audit.reopening": ("deeds", "a new log begun with what is left of one: its transaction"),
    "hub.audit.dump": ("deeds", "a log read out of a database dump"),
    "hub.audit.newest": ("deeds", "the newest published tree as one node keeps it in memory"),
    "hub.audit.parts": ("deeds", "what a log is made of, the collector of cosignatures among it"),
    "hub.audit.sequencer": ("deeds", "one turn of the log: its transactions and its signature"),
    "hub.audit.waiting": ("deeds", "threads that wait for receipts"),
    "hub.audit.witness": ("deeds", "the witness and its files"),
    "hub.audit.witness_app": ("deeds", "the witness over HTTP; run as a process of its own"),
    "hub.audit.witnessing": ("deeds", "asks witnesses over HTTP"),
    "hub.exchange.recalls": ("memory", "releases that proved wrong"),
    "hub.identity.bulk": ("deeds", "a whole file of records resolved by DuckDB, beside the one-record scorer"),
    "hub.parties.directory": ("deeds", "the parties as every other room asks for them: opens its own reading"),
}


def within(module: str, home: str) -> bool:
    """True when ``module`` is ``home`` or stands below it."""
    return module == home or module.startswith(f"{home}.")


def floor_of(module: str) -> str:
    """The floor that a module stands on."""
    for home, (floor, _reason) in (PLACES | NAMED).items():
        if within(module, home):
            return floor
    kind = module.split(".")[2:3]
    return {"service": "deeds", "tables": "memory", "store": "memory"}.get("".join(kind), "minds")


def room_of(module: str) -> str:
    """The room that a module belongs to, or nothing."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in (*ROOMS, "audit") else ""
