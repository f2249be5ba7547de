"""The published vectors are judged as published, in the tests and by the command that runs a file of them."""

import json
from pathlib import Path

import pytest

from ledger.transparency.__main__ import main
from ledger.transparency.vectors import read_vectors

FILE = Path(__file__).parent / "merkle_vectors.json"
CONTENT = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command on a file of this content."""

    def run(content):
        path = tmp_path / "vectors.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        status = main(["vectors", str(path)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err.replace(str(path), "FILE")

    return run


@pytest.mark.parametrize("vector", read_vectors(FILE), ids=lambda vector: vector.name)
def test_a_published_vector_is_judged_as_published(vector):
    assert vector.agrees()


def test_the_command_counts_what_agrees(run):
    assert run(CONTENT) == (
        0,
        "inclusion    49 of 49 agree\nconsistency  49 of 49 agree\nsigned_note  2 of 2 agree\n",
        "",
    )


@pytest.mark.parametrize("kind", ["inclusion", "consistency", "signed_note"])
def test_what_disagrees_is_named(run, kind):
    right = next(vector for vector in CONTENT[kind] if not vector["wantErr"])
    wrong = next(vector for vector in CONTENT[kind] if vector["wantErr"])
    name = "file" if "file" in right else "source"
    status, out, errors = run({kind: [right | {"wantErr": True}, wrong | {"wantErr": False}, right]})
    assert (status, errors) == (1, "")
    assert f"{kind:<12} 1 of 3 agree\n" in out
    assert f"DISAGREES    {kind} {right[name]}: must be refused, but was accepted\n" in out
    assert f"DISAGREES    {kind} {wrong[name]}: is right, but was refused\n" in out


def consistency(old, new, old_root, new_root, proof, *, refused):
    return {"size1": old, "size2": new, "root1": old_root, "root2": new_root, "proof": proof, "wantErr": refused}


def test_nothing_is_consistent_with_nothing_and_each_size_with_itself(run):
    root, other = CONTENT["consistency"][1]["root1"], CONTENT["consistency"][1]["root2"]
    vectors = [
        consistency(0, 0, root, root, None, refused=True),
        consistency(0, 5, root, other, None, refused=True),
        consistency(5, 5, root, root, None, refused=False),
        consistency(5, 5, root, root, [], refused=False),
        consistency(5, 5, root, other, None, refused=True),
        consistency(5, 5, root, root, [root], refused=True),
        consistency(5, 4, root, other, [root], refused=True),
        consistency(5, 5, "AAAA", "AAAA", None, refused=True),
        consistency(5, 5, "not base64", "not base64", None, refused=True),
    ]
    assert run({"consistency": vectors})[:2] == (
        0,
        "inclusion    0 of 0 agree\nconsistency  9 of 9 agree\nsigned_note  0 of 0 agree\n",
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "FILE is not JSON.\n"),
        (b"\xff", "FILE is not JSON.\n"),
        ([], "FILE has none of the lists inclusion, consistency, signed_note.\n"),
        ({"other": []}, "FILE has none of the lists inclusion, consistency, signed_note.\n"),
        ({"inclusion": {}}, "inclusion is not a list.\n"),
        ({"inclusion": [{}]}, "inclusion 0 is not in the form of a vector.\n"),
        ({"inclusion": [CONTENT["inclusion"][0] | {"leafIdx": "1"}]}, "inclusion 0 is not in the form of a vector.\n"),
        ({"inclusion": [CONTENT["inclusion"][0] | {"proof": [1]}]}, "inclusion 0 is not in the form of a vector.\n"),
    ],
)
def test_a_file_that_is_none_of_vectors_is_said_so(run, content, says):
    assert run(content) == (2, "", says)


def test_a_file_that_is_not_there_is_said_so(tmp_path, capsys):
    path = tmp_path / "none.json"
    assert main(["vectors", str(path)]) == 2
    assert capsys.readouterr().err == f"{path} cannot be read: No such file or directory.\n"
