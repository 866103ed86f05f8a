"""Who is asking: a registered person with their own token and the role that the step needs."""

from hub.context import Hub
from hub.errors import NotAllowed
from hub.model.staff import Role, Staff
from hub.store import staff


async def authorise(hub: Hub, name: str, token: str, role: Role | frozenset[Role]) -> Staff:
    """The person, when the token is theirs and the role, or one of several, too.

    Raises NotAllowed; of a wrong name and a wrong token nothing is said of which it was.
    """
    async with hub.store.read() as tx:
        person = await staff.authenticate(tx, name, token)
    accepted = frozenset({role}) if isinstance(role, Role) else role
    if not accepted & person.roles:
        raise NotAllowed(
            f"{name} is no {' or '.join(sorted(accepted))}; roles: {', '.join(sorted(person.roles))}"
        )
    return person
