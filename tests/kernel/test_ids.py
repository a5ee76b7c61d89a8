from hub.kernel.ids import ALPHABET, base32, derived_id, new_id


def test_an_id_names_its_kind_and_carries_130_random_bits() -> None:
    made = {new_id("sub") for _ in range(2000)}
    assert len(made) == 2000
    assert all(one.startswith("sub_") and len(one) == 30 for one in made)
    assert all(set(at_one_place) == set(ALPHABET) for at_one_place in list(zip(*made, strict=True))[4:])


def test_base32_is_crockfords_most_significant_first() -> None:
    assert base32(0) == "0" * 26
    assert base32(31) == "0" * 25 + "z"
    assert base32(32) == "0" * 24 + "10"
    assert base32(2**128 - 1) == "7" + "z" * 25
    assert not set("ilou") & set(ALPHABET)


def test_the_same_digest_derives_the_same_id() -> None:
    assert derived_id("pw", bytes(range(32))) == derived_id("pw", bytes(range(32)))
    assert len(derived_id("pw", bytes(range(32)))) == len(new_id("pw"))
