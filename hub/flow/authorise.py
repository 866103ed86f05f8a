"""Who is asking: a registered person with their own token and the role that the step needs."""

from hub.context import Hub
from hub.errors import NotAllowed
from hub.model.staff import Role, Staff
from hub.store import staff


async def authorise(hub: Hub, name: str, token: str, role: Role) -> Staff:
    """The person, when the token is theirs and the role too. Raises NotAllowed; nothing is said of which it was."""
    async with hub.store.read() as tx:
        person = await staff.authenticate(tx, name, token)
    if role not in person.roles:
        raise NotAllowed(f"{name} is no {role.value}; roles: {', '.join(sorted(person.roles))}")
    return person
