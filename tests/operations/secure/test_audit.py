"""The audit: what it finds it names, and what could not be looked up is not taken for found to be good."""

import json

from config.operations.audit import checks


def package(name: str, *holes: str) -> dict[str, object]:
    return {"name": name, "version": "1.0", "vulns": [{"id": hole, "aliases": [f"CVE-{hole}"]} for hole in holes]}


def test_a_known_hole_is_named_unless_it_was_accepted_with_a_reason(monkeypatch):
    found = [package("good"), package("bad", "PYSEC-1", "PYSEC-2"), {"name": "x", "skip_reason": "not there"}]
    assert checks.holes_in(found) == ["bad 1.0: PYSEC-1", "bad 1.0: PYSEC-2"]
    monkeypatch.setattr(checks, "ACCEPTED_HOLES", {"CVE-PYSEC-1": "we never open such files"})
    assert checks.holes_in(found) == ["bad 1.0: PYSEC-2"]


def test_the_code_breaks_no_rule_of_bandit_that_nobody_has_looked_at():
    found = checks.static_analysis()
    assert not found.is_bad, found.said


def test_every_exception_has_a_reason():
    assert all(checks.PASSED_OVER.values())
    assert all(checks.ACCEPTED_HOLES.values())


def test_what_is_scanned_leaves_out_what_is_made_up_and_nothing_else():
    names = [
        "config/settings.py",
        "tests/x.py",
        "docs/openapi.yaml",
        "config/static/vendor/x.js",
        "a.png",
        "",
        "Makefile",
    ]
    assert checks._worth_scanning(names) == ["config/settings.py", "Makefile"]


def test_a_secret_that_nobody_has_looked_at_is_found(tmp_path, monkeypatch):
    file = tmp_path / "settings.py"
    # Put together here: it must not stand in this file.
    file.write_text("AWS_KEY = '" + "AKIA" + "Q3EGVX7LZ2M5WNTB" + "'\n", encoding="utf-8")
    monkeypatch.setattr(checks, "_worth_scanning", lambda _tracked: [str(file)])
    found = checks.secrets()
    assert found.is_bad
    assert "AWS Access Key" in found.said


def test_what_was_looked_at_may_move_to_other_lines(tmp_path, monkeypatch):
    said = json.loads((checks.ROOT / checks.BASELINE).read_text(encoding="utf-8"))
    for each in (one for found in said["results"].values() for one in found):
        each["line_number"] += 1
    moved = tmp_path / "baseline"
    moved.write_text(json.dumps(said), encoding="utf-8")
    before = moved.read_bytes()
    monkeypatch.setattr(checks, "BASELINE", str(moved))
    monkeypatch.setattr(checks, "_worth_scanning", lambda _tracked: list(said["results"]))
    found = checks.secrets()
    assert not found.is_bad, found.said
    assert moved.read_bytes() == before


def test_what_comes_to_no_end_is_said_and_no_error_of_ours(monkeypatch):
    monkeypatch.setattr(checks, "SECONDS", 0.01)
    found = checks.static_analysis()
    assert found.is_bad
    assert found.said == "ruff has come to no end in 0.01 s"
    assert not checks.known_holes().was_done
