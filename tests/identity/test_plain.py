"""Fields and levels are data: a model file of other columns resolves records that no code was written for."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path

import duckdb
import jsonschema
import pytest

from hub.errors import Malformed
from hub.identity.bulk.filing import Options, resolve_file
from hub.identity.modelfile import parse_model

TEXT = files("hub.identity").joinpath("models", "febrl.json").read_text(encoding="utf-8")
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/identity/model.json").read_text(encoding="utf-8"))
RECORDS = """record_id,source,given_name,surname,street_number,address_1,suburb,postcode,state,date_of_birth,soc_sec_id
1,A,michaela,neumann,8,stanley street,winston hills,4223,nsw,19151111,5304218
2,B,michaella,neumann,8,stanley streeet,winston hills,4223,nsw,19151111,5304218
3,A,courtney,painter,12,pinkerton circuit,richlands,4560,vic,19161214,4066625
4,A,michaela,neumann,8,stanley street,winston hills,4223,nsw,19151111,5304218
"""


def test_records_of_another_country_are_resolved_by_their_own_model_file(tmp_path: Path) -> None:
    jsonschema.validate(json.loads(TEXT), SCHEMA)
    path, out = tmp_path / "in.csv", tmp_path / "out.parquet"
    path.write_text(RECORDS, encoding="utf-8")
    resolve_file(path, out, {"plain": parse_model(TEXT)}, Options(date(2026, 11, 1)))
    found = dict(duckdb.connect().execute(f"SELECT record_id, subject FROM '{out}'").fetchall())
    assert found["2"] in (found["1"], found["4"])
    assert found["1"] != found["4"]
    assert found["3"] not in (found["1"], found["2"], found["4"])


def test_columns_of_a_plain_model_are_names_and_nothing_else() -> None:
    with pytest.raises(Malformed):
        parse_model(TEXT.replace('"suburb"', '"suburb; DROP TABLE traits"'))
