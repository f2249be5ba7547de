"""Tiles and bundles, their addresses, and the tree read back from them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.transparency import merkle
from ledger.transparency.merkle import leaf_hash, root, verify_consistency, verify_inclusion, whole_root
from ledger.transparency.sequencer import Edge, edge_root
from ledger.transparency.tiles import (
    TileError,
    TileTree,
    decode_entry_bundle,
    encode_entry_bundle,
    parse_tile_address,
    tile_address,
    tiles_of,
)

LEAVES = [leaf_hash(b"entry %d" % at) for at in range(70_000)]


@pytest.mark.parametrize(
    ("number", "width", "address"),
    [(0, 256, "000"), (67, 8, "067.p/8"), (1_234_067, 256, "x001/x234/067"), (999, 255, "999.p/255"), (1_000, 1, "x001/000.p/1")],
)  # fmt: skip
def test_a_tile_has_one_address(number, width, address):
    assert tile_address(number, width) == address
    assert parse_tile_address(address) == (number, width)


@pytest.mark.parametrize(
    "address",
    [
        "", "0", "0000", "x000/067", "x001/67", "001/067", "067.p/0", "067.p/256", "067.p/08", "067.p/", "067.p", "067\n",
        "x001/x234/067/", "/067", "-01", "０67", "067.p/８", "x001//067",
    ],
)  # fmt: skip
def test_any_other_spelling_is_no_address(address):
    with pytest.raises(TileError):
        parse_tile_address(address)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_gives_back_its_entries(entries):
    assert decode_entry_bundle(encode_entry_bundle(entries)) == entries


def test_a_bundle_holds_the_largest_entry_and_refuses_to_be_cut_off():
    largest = b"x" * 65_535
    bundle = encode_entry_bundle([largest, b"y"])
    assert decode_entry_bundle(bundle) == [largest, b"y"]
    for cut in (1, 2, 4, 65_000):
        with pytest.raises(TileError):
            decode_entry_bundle(bundle[:-cut])


def test_a_tree_has_these_tiles():
    assert tiles_of(0) == []
    assert tiles_of(1) == [(0, 0, 1)]
    assert tiles_of(256) == [(0, 0, 256), (1, 0, 1)]
    assert tiles_of(70_000)[-3:] == [(1, 0, 256), (1, 1, 17), (2, 0, 1)]


def in_memory(size):
    """Return what reads the tiles of a tree of that size, and keeps count."""
    level_hashes = [LEAVES[:size]]
    while len(level_hashes[-1]) >= 256:
        below = level_hashes[-1]
        level_hashes.append([whole_root(b"".join(below[at : at + 256])) for at in range(0, len(below) - 255, 256)])
    read = []

    def read_tile(level, number, width):
        read.append((level, number, width))
        return b"".join(level_hashes[level][number * 256 : number * 256 + width])

    return TileTree(size, read_tile), read


SIZES = st.one_of(
    st.integers(1, 1_000), st.sampled_from([255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000, 70_000])
)


@settings(max_examples=30, deadline=None)
@given(SIZES, st.data())
def test_the_tree_read_from_tiles_is_the_tree_over_the_leaves(size, data):
    tree, read = in_memory(size)
    whole = root(LEAVES[:size])
    assert tree.root() == whole
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    verify_inclusion(index, size, LEAVES[index], tree.inclusion_proof(index), whole)
    verify_consistency(old, size, tree.consistency_proof(old), root(LEAVES[:old]), whole)
    assert len(read) == len(set(read)), "each tile is read once"
    assert set(read) <= set(tiles_of(size))
    assert len(read) < 10


def test_an_empty_tree_needs_no_tile():
    assert in_memory(0)[0].root() == merkle.empty_root()


def test_a_tile_of_another_length_is_refused():
    tree = TileTree(5, lambda level, number, width: b"short")
    with pytest.raises(TileError):
        tree.root()


@settings(max_examples=40, deadline=None)
@given(SIZES)
def test_the_root_at_the_edge_is_the_root_over_the_leaves(size):
    levels, count = [LEAVES[size - size % 256 : size]], size // 256
    while count:
        width = 256 ** len(levels)
        start = count - count % 256
        levels.append([root(LEAVES[at * width : (at + 1) * width]) for at in range(start, count)])
        count //= 256
    assert edge_root(Edge(size, levels)) == root(LEAVES[:size])
