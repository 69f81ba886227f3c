"""All attacks, in the order of their families."""

from tests.attacks import exhaustion, files, forging, hidden, interpreter, measures, models, network
from tests.attacks.attack import Attack

MODULES = (forging, interpreter, hidden, exhaustion, files, models, network, measures)
ATTACKS: tuple[Attack, ...] = tuple(item for module in MODULES for item in module.ATTACKS)
