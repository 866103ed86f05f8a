"""The key of a delivery: what stands in Message-ID, the same for every try."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from hub.store.deliveries import NAMESPACE, key_of
from hub.store.instance import Instance


@given(st.text(min_size=1, max_size=40), st.integers(1, 10**7), st.integers(1, 10**8))
def test_a_key_is_the_uuid_of_version_5_of_its_name(instance: str, dispatch: int, seq: int) -> None:
    key = key_of(Instance(instance, b"secret"), dispatch, seq)

    assert UUID(key) == uuid5(NAMESPACE, f"{instance}/{dispatch}/{seq}")
    assert key == str(UUID(key))
