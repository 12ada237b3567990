"""The agents that come with Interlock; importing this package registers them."""

from workers.agents import cost_worker as cost_worker
from workers.agents import dev_worker as dev_worker
from workers.agents import friction_worker as friction_worker
from workers.agents import generic_worker as generic_worker
from workers.agents import requirements_manager as requirements_manager
from workers.agents import scenario_worker as scenario_worker
from workers.agents import summary_worker as summary_worker
from workers.agents import test_worker as test_worker
from workers.agents import time_waste_worker as time_waste_worker
from workers.agents.written import categories as categories
from workers.agents.written import drafts as drafts
from workers.agents.written import names as names
from workers.agents.written import placing as placing
from workers.agents.written import requirements as requirements
from workers.agents.written import tests as tests
from workers.contract import AGENTS

__all__ = ["AGENTS"]
