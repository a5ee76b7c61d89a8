"""Every command tells people in two languages, scripts in JSON, and ends with the exit code of its error family."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from click import Context
from typer.main import get_group

from hub.cli.main import COMMANDS, app
from hub.cli.telling import print_lines
from hub.demo.parties import KeyCabinet
from hub.proof.encoding import b64url, b64url_decode
from tests.cli.conftest import Run
from tests.support.running import running


def _told_without(libraries: set[str], *arguments: str) -> str:
    """What the command prints, by a process of its own that ends with the names of those libraries that it loaded."""
    code = (
        f"import sys\nfrom hub.cli.main import main\nsys.argv = ['hub', *{arguments!r}]\n"
        f"try:\n    main()\nexcept SystemExit:\n    sys.exit(','.join({libraries!r} & set(sys.modules)) or 0)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_help_lists_every_command_and_loads_none() -> None:
    told = _told_without({"sqlalchemy", "fastapi", "uvicorn", "cryptography"}, "--help")
    assert all(name in told for name in COMMANDS)


@pytest.mark.parametrize("name", ["keys secret", "verify --help", "view --help", "witness --help", "supervise --help"])
def test_a_command_without_a_database_loads_nothing_of_one(name: str) -> None:
    assert _told_without({"sqlalchemy", "psycopg", "fastapi"}, *name.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_offers_nothing_for_the_readers_shell(run: Run, name: str) -> None:
    told = run(name, "--help")
    assert told.code == 0
    assert "completion" not in told.out


def test_the_program_says_its_version(run: Run) -> None:
    assert run("--version").out.strip() == version("evidence-hub")


def _options() -> Iterator[tuple[str, set[str]]]:
    """Every command by its whole name, with its options."""
    group = get_group(app)
    waiting = [((name,), group.resolve_command(Context(group), [name])[1]) for name in COMMANDS]
    while waiting:
        path, command = waiting.pop()
        within: dict[str, Any] = getattr(command, "commands", {})
        waiting += [((*path, name), each) for name, each in within.items()]
        if not within:
            yield " ".join(path), {option for each in command.params for option in each.opts}


PRINTS_A_TEXT_OF_ITS_OWN_FORM = {
    "keys secret", "keys approve", "keys policy sign", "audit checkpoint", "audit prove", "audit vkey", "view open",
    "witness vkey",
}  # fmt: skip
SERVES = {"serve", "witness serve"}


def test_every_command_prints_json_for_scripts_unless_its_result_is_a_text_of_its_own_form() -> None:
    without = {name for name, options in _options() if "--json" not in options}
    assert without == PRINTS_A_TEXT_OF_ITS_OWN_FORM | SERVES


def test_columns_stand_below_each_other_in_any_script(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines([{"name": "自然资源局", "keys": 1}, {"name": "Land", "keys": None}], "name", "keys")
    assert capsys.readouterr().out.splitlines() == ["name        keys", "自然资源局  1", "Land        -"]


def test_a_wrong_argument_ends_with_two(run: Run) -> None:
    assert run("nonsense").code == 2
    assert run("verify").code == 2


def test_a_missing_setting_is_named_before_anything_is_done(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_ID", raising=False)
    told = run("parties", "list", "--json")
    assert told.code == 2
    assert json.loads(told.err)["variable"] == "HUB_ID"


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize(
    ("setting", "value"), [("HUB_BLIND_KEY", b64url(bytes([7]) * 32)), ("HUB_LOG_ORIGIN", "another.example/log")]
)
def test_a_command_with_another_look_up_key_or_for_another_log_touches_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    assert run("parties", "list").code == 0
    monkeypatch.setenv(setting, value)
    told = run("keys", "reseal")
    assert told.code == 3
    assert setting in told.err


@pytest.mark.parametrize("told", [("--version",), ("keys", "secret"), ("keys", "secret", "--help")])
def test_a_full_disk_is_told_in_a_sentence_and_not_where_in_the_program(told: tuple[str, ...]) -> None:
    code = f"import sys\nfrom hub.cli.main import main\nsys.argv = ['hub', *{told!r}]\nmain()"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=-1, text=True, check=False)  # noqa: S603
    assert (ended.returncode, "cli.system: This machine refuses it: No space left" in ended.stderr) == (1, True)
    assert "Traceback" not in ended.stderr


def test_a_private_key_is_for_its_owner_and_never_overwritten(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "key.pem"
    made = run("keys", "generate", "--out", file, "--alg", "ES256", "--json")
    assert (made.code, made.json["alg"]) == (0, "ES256")
    assert "d" not in made.json
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    assert run("keys", "generate", "--out", file).code == 5
    assert file.read_bytes() == content


def test_a_secret_is_thirty_two_new_bytes(run: Run) -> None:
    one, other = run("keys", "secret").out.strip(), run("keys", "secret").out.strip()
    assert len(b64url_decode(one)) == 32
    assert one != other


def test_a_bundle_that_is_not_there_is_missing_and_one_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text("{}")
    assert run("verify", tmp_path / "none.json", "--policy", policy).code == 4
    bundle = tmp_path / "bundle.json"
    bundle.write_text("{}")
    assert run("verify", bundle, "--policy", policy).code == 2


def test_the_catalogue_and_its_grants_are_loaded_once(run: Run, installation: KeyCabinet) -> None:
    planned = run("catalogue", "load", "--dry-run", "--json")
    assert planned.code == 4, "grants have no catalogue to be checked against yet"
    loaded = run("catalogue", "load", "--json")
    assert loaded.code == 0, loaded.err
    assert loaded.json["edition"]
    assert loaded.json["grants"]["changed"] > 10
    again = run("catalogue", "load", "--json").json
    assert (again["changes"], again["grants"]["changed"]) == ([], 0)
    assert again["edition"] == loaded.json["edition"]
    shown = run("catalogue", "show", "--json").json
    assert "low-income-aid" in {matter["id"] for matter in shown}


def test_a_wrong_catalogue_file_is_refused_with_its_line(run: Run, installation: KeyCabinet, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("matters:\n  - id: x\n    id: y\n", encoding="utf-8")
    told = run("catalogue", "load", file, "--json")
    assert told.code == 2
    assert "mine.yaml:3" in told.err


def test_parties_and_their_keys_are_put_on_record_and_listed(
    run: Run, installation: KeyCabinet, tmp_path: Path
) -> None:
    jwk = tmp_path / "land.jwk"
    jwk.write_text(json.dumps(installation.signer_of("dept:land").public.to_jwk()))
    names = ("--name", "Natural Resources Bureau", "--name-zh", "自然资源局")
    added = run(
        "parties", "add", "dept:land", "--kind", "department", *names, "--registry", "land", "--jwk", jwk, "--json"
    )
    assert added.code == 0, added.err
    kid = installation.signer_of("dept:land").public.kid
    assert added.json == {"party": "dept:land", "kid": kid}
    (party,) = run("parties", "list", "--json").json
    assert (party["id"], party["registry"], party["keys"]) == ("dept:land", "land", 1)
    (key,) = run("keys", "list", "dept:land", "--json").json
    ended = run("keys", "revoke", "dept:land", key["kid"], "--reason", "ceased", "--json")
    assert ended.json == {"party": "dept:land", "kid": kid, "reason": "ceased", "compromised_since": None}
    (revoked,) = run("keys", "list", "dept:land", "--json").json
    assert revoked["revoked_at"]
    assert run("keys", "revoke", "dept:land", "no-such-kid", "--reason", "ceased").code == 4


def test_a_department_pushes_from_its_own_files_and_the_log_verifies(
    run: Run, installation: KeyCabinet, database_url: str, tmp_path: Path
) -> None:
    del installation
    samples = Path(__file__).parents[2] / "adapters" / "funeral" / "samples"
    with running(database_url, tmp_path / "served") as up:
        up.hub.catalogue.publish_shipped(by="auth:data-bureau")
        key = up.cabinet.path_of("dept:funeral")
        command = ("push", "funeral", "--source", samples, "--hub", up.url, "--key", key, "--json")
        first = run(*command)
        assert first.code == 0, first.err
        assert first.json["accepted"] > 0
        again = run(*command)
        assert (again.json["accepted"], again.json["withdrawn"]) == (0, 0)
        wrong = run("push", "land", "--source", samples, "--hub", up.url, "--key", key, "--json")
        assert wrong.code == 4, wrong.err
        auditor = ("--party", "aud:county-audit", "--key", up.cabinet.path_of("aud:county-audit"))
        policy = tmp_path / "policy.json"
        policy.write_text(json.dumps(_policy(up)), encoding="utf-8")
        told = run("audit", "verify", "--hub", up.url, *auditor, "--policy", policy, "--json")
        assert (told.code, told.json["sound"]) == (0, True)
        assert run("audit", "verify", "--hub", up.url, "--json").code == 2


def test_an_owner_reads_what_was_put_aside_and_it_is_gone_once_corrected(
    run: Run, installation: KeyCabinet, database_url: str, tmp_path: Path
) -> None:
    del installation
    file = tmp_path / "in" / "火化.csv"
    file.parent.mkdir()
    header, known = "DEAD_ID,NAME,ID_CARD,DEATH_DATE", "A1,张伟,330199196605140016,2026-01-02"
    file.write_text(f"{header}\n{known}\nA2,李娜,33019919580312002X,不详\n", encoding="utf-8")
    with running(database_url, tmp_path / "served") as up:
        key = up.cabinet.path_of("dept:funeral")
        push = ("push", "funeral", "--source", file.parent, "--hub", up.url, "--key", key)
        read = ("quarantine", "funeral", "--hub", up.url, "--key", key)
        pushed = run(*push)
        assert pushed.code == 0, pushed.err
        assert "火化.csv, row 2, DEATH_DATE" in pushed.err
        told = run(*read)
        assert all(word in told.out for word in ("火化.csv", "row.required-empty", "fill it in", "请补填"))
        assert "李娜" not in told.out
        (held,) = run(*read, "--json").json
        assert (held["row"], held["raw"]["NAME"]) == (2, "李娜")
        file.write_text(f"{header}\n{known}\nA2,李娜,33019919580312002X,2026-01-03\n", encoding="utf-8")
        assert run(*push).code == 0
        assert run(*read, "--json").json == []
        assert run("quarantine", "land", "--hub", up.url, "--key", key).code != 0


def _policy(up: object) -> dict[str, object]:
    from hub.demo.parties import trust_policy

    return dict(trust_policy(up.hub, up.cabinet))  # type: ignore[attr-defined]


def test_identities_are_counted_and_exported_for_their_owner_alone(
    run: Run, installation: KeyCabinet, tmp_path: Path
) -> None:
    assert run("identity", "figures", "--json").code == 0
    assert run("identity", "review", "--json").json == []
    out = tmp_path / "subjects.jsonl"
    assert run("identity", "export", "--out", out, "--json").json == {"file": str(out), "lines": 0}
    assert out.read_text() == ""
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
