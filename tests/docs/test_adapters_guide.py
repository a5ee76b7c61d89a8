"""The adapters' guide: its mapping file loads as it stands, and its table of values is true."""

from pathlib import Path

from adapters.mapping.load import load_mapping
from tests.docs.examples import examples

GUIDE = "docs/guides/adapters.md"


def test_the_mapping_of_another_county_loads(tmp_path: Path) -> None:
    (written,) = examples(GUIDE, "yaml")
    file = tmp_path / "land.yaml"
    file.write_text(written, encoding="utf-8")
    mapping = load_mapping(file, "land")
    export = mapping.exports["rights"]
    assert export.parts["QLR"].columns["QLRMC"] == ("权利人姓名", "权利人名称", "权利人")
    assert {claim.name: claim.unit for claim in export.claims}["area_cm2"] == "亩"
    assert "price_fen" not in {claim.name for claim in export.claims}
    assert mapping.files.encoding == "gb18030"
