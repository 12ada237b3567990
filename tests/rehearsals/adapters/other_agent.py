"""Another agent that speaks A2A: it asks which invoice to pay, and pays the one that it is told, each time it is told.

python other_agent.py PORT
"""

import sqlite3
import sys
from contextlib import closing

import uvicorn
from a2a.helpers.proto_helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, Part
from starlette.applications import Starlette


class Payer(AgentExecutor):
    """Pays what a person says."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Ask at the first message, pay at the second."""
        if context.current_task is None:
            task = new_task_from_user_message(context.message)
            await event_queue.enqueue_event(task)
            updater = TaskUpdater(event_queue, task.id, task.context_id)
            await updater.requires_input(updater.new_agent_message([Part(text="Which invoice is it?")]))
            return
        with closing(sqlite3.connect("payments.sqlite3", timeout=30)) as db, db:
            db.execute("CREATE TABLE IF NOT EXISTS payments (invoice TEXT)")
            db.execute("INSERT INTO payments VALUES (?)", (context.get_user_input(),))
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        await updater.add_artifact([Part(text=f"{context.get_user_input()} is paid")])
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Nobody cancels here."""
        raise NotImplementedError


def main(port: int) -> None:
    """Serve until the end."""
    url = f"http://127.0.0.1:{port}"
    card = AgentCard(
        name="Payer", description="Pays", version="1", default_input_modes=["text/plain"],
        default_output_modes=["text/plain"], capabilities=AgentCapabilities(streaming=True),
        supported_interfaces=[AgentInterface(protocol_binding="JSONRPC", url=f"{url}/rpc")],
    )  # fmt: skip
    handler = DefaultRequestHandler(agent_executor=Payer(), task_store=InMemoryTaskStore(), agent_card=card)
    app = Starlette(routes=[*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/rpc")])
    uvicorn.run(app, port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
