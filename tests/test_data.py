"""The facts of data/: complete, in known units, with sources that exist and are used."""

import json
from pathlib import Path

import pytest
from frictionless import Package, system
from jsonschema import Draft202012Validator

from moecalc.base.errors import InputError
from moecalc.base.units import UNITS
from moecalc.economics import prices
from moecalc.facts import models, tables
from moecalc.hardware.accelerator import load_accelerators
from moecalc.model.config import ModelConfig, load_model
from moecalc.model.families import supported
from moecalc.training.recipes import RECIPES

DATA = Path(tables.data_dir())
PACKAGE = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
TABLES = [Path(resource["path"]).stem for resource in PACKAGE["resources"]]
FACT_TABLES = [table for table in TABLES if table not in ("claims", "expected_verdicts")]
SLUGS = models.model_slugs()
GOOD_ROW = {
    "subject": "h800-sxm",
    "quantity": "memory",
    "value": "80",
    "high": "",
    "unit": "GB",
    "source": "deepseek-v3-report",
    "locator": "section 3.1",
    "status": "reported",
    "date": "2024-12-26",
    "note": "",
}


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def schema_errors(value, schema):
    validator = Draft202012Validator(read_json(DATA / schema))
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value)]


def used_sources():
    used = {fact.source for table in FACT_TABLES for fact in tables.facts(table)}
    used |= {fact["source"] for slug in SLUGS for fact in models.model(slug)["facts"]}
    used |= {models.model(slug)["config_source"] for slug in SLUGS}
    return used | {recipe.source for recipe in RECIPES.values()}


def test_the_tables_keep_their_schemas():
    with system.use_context(trusted=True):
        report = Package(str(DATA / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])


def test_every_table_is_described():
    assert sorted(TABLES) == sorted(path.stem for path in DATA.glob("*.csv"))


def test_every_unit_of_the_schemas_is_known():
    fields = [field for resource in PACKAGE["resources"] for field in resource["schema"]["fields"]]
    listed = {unit for field in fields if field["name"] == "unit" for unit in field.get("constraints", {}).get("enum", [])}
    listed |= set(read_json(DATA / "model.schema.json")["properties"]["facts"]["items"]["properties"]["unit"]["enum"])
    assert listed == set(UNITS)


def test_the_sources_keep_their_schema():
    assert not schema_errors(tables.sources(), "sources.schema.json")


def test_every_source_exists_and_is_used():
    assert used_sources() == set(tables.sources())


@pytest.mark.parametrize("table", FACT_TABLES)
def test_every_fact_of_a_table_reads(table):
    assert len(tables.facts(table)) == len(tables.rows(table)) > 0


@pytest.mark.parametrize("slug", SLUGS)
def test_every_model_keeps_its_schema_and_reads(slug):
    assert not schema_errors(models.model(slug), "model.schema.json")
    for row in models.model(slug)["facts"]:
        assert tables.fact({"subject": slug, **row}, slug).value == row["value"]


@pytest.mark.parametrize("name", supported())
def test_every_model_type_keeps_its_schema(name):
    assert not schema_errors(tables.read_json(f"model_types/{name}.json"), "model_type.schema.json")


@pytest.mark.parametrize("slug", [s for s in SLUGS if (models.model(s)["config"] or {}).get("model_type") in supported()])
def test_every_model_of_a_supported_family_loads(slug):
    config = load_model(slug)
    assert isinstance(config, ModelConfig)
    assert config.raw == read_json(DATA / "models" / f"{slug}.json")["config"]


@pytest.mark.parametrize(
    "slug", ["llama-3.1-405b", "llama-3.1-8b", "qwen2.5-72b", "mistral-7b-v0.3", "qwen3-8b", "qwen3-0.6b"]
)
def test_a_dense_model_activates_all_it_has(slug):
    published = models.model_facts(slug)
    assert published["activated_params"].value == published["total_params"].value


def test_the_accelerators_load():
    slugs = [one.slug for one in load_accelerators()]
    assert slugs == list(tables.by_subject("accelerators"))
    assert slugs[0] == "h800-sxm"
    for one in load_accelerators():
        peaks = one.peak_dense_bf16_flops_per_s, one.peak_dense_fp16_flops_per_s, one.peak_dense_fp8_flops_per_s
        assert one.slug == "gb10" or max(filter(None, peaks)) > 6e13
        assert one.memory_bytes > 1e10 and one.memory_bandwidth_bytes_per_s > 2e11


def test_every_rental_price_is_of_an_accelerator_and_loads():
    for slug in tables.by_subject("rental_prices"):
        assert slug in tables.by_subject("accelerators")
        low, high = prices.rental_price_usd_per_gpu_hour(slug)
        assert 0 < low <= high


def test_a_range_goes_upwards():
    ranges = [fact for table in FACT_TABLES for fact in tables.facts(table) if fact.high is not None]
    assert ranges
    assert not [fact for fact in ranges if not fact.value < fact.high]


def test_the_claims_are_numbered_without_a_gap():
    assert [row["id"] for row in tables.rows("claims")] == [f"C{number:02d}" for number in range(1, 108)]


def test_the_cost_of_deepseek_v3_adds_up():
    runs = ("dsv3-pretrain", "dsv3-ctx-ext", "dsv3-post")
    parts = [tables.lookup("training_runs", run, "gpu_hours").value for run in runs]
    assert sum(parts) == tables.lookup("training_runs", "dsv3-total", "gpu_hours").value == 2788000


def test_a_good_row_is_a_fact():
    assert tables.fact(GOOD_ROW, "row 2").to("bytes") == 80e9


@pytest.mark.parametrize("column", [column for column in tables.COLUMNS if column not in ("high", "note")])
def test_a_blank_column_is_refused_and_the_row_named(column):
    with pytest.raises(InputError, match=f"row 7: {column} is blank"):
        tables.fact({**GOOD_ROW, column: ""}, "row 7")


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"unit": "GBs"}, "row 7: .*'GBs'"),
        ({"source": "hearsay"}, "row 7: source 'hearsay'"),
        ({"status": "believed"}, "row 7: status 'believed'"),
        ({"value": "eighty"}, "row 7: 'eighty' is not a number"),
        ({"high": "more"}, "row 7: 'more' is not a number"),
    ],
)
def test_a_wrong_cell_is_refused_and_the_row_named(change, complaint):
    with pytest.raises(InputError, match=complaint):
        tables.fact({**GOOD_ROW, **change}, "row 7")
