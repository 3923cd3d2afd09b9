from uuid import UUID

from aijobs_sdk.contract.job import Caller

CALLER = Caller(tenant_id=UUID(int=1), user_id=UUID(int=2))


def test_a_replaced_fact_is_another_fact_and_equals_one_made_so() -> None:
    other = CALLER.replace(user_id=UUID(int=3))

    assert other == Caller(tenant_id=UUID(int=1), user_id=UUID(int=3))
    assert other.model_dump() == {"tenant_id": UUID(int=1), "user_id": UUID(int=3)}
    assert UUID(int=2) == CALLER.user_id
