"""Airflow: a task that waits for a person. Needs Airflow 3 beside this package.

It is a sensor in the mode `reschedule`: between two looks it holds no worker. The question's key is the DAG, the run,
the task and its place in a mapping, so that retries, and clearing the task, find the same question.
"""

from typing import Any

from airflow.sdk import BaseHook, BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException

from interlock_client.asking import NotAnswered, find_answer, put_approval, put_question
from interlock_client.client import Client, Json

WEEK_SECONDS = 7 * 24 * 3600
MINUTE_SECONDS = 60


class AskSensor(BaseSensorOperator):  # type: ignore[misc]
    """Asks a person, and gives the answer's value as XCom.

    The connection has the server's URL as host and the key as password. `schema`: the JSON Schema of the answer, a text
    if it is left out. `approval=True` requests an approval instead, whose value has `approved` and `notes`. A question
    that was declined fails the task for good.
    """

    template_fields = ("title", "details", "to")

    def __init__(
        self, *, title: str, details: str = "", to: str = "", schema: Json | None = None, approval: bool = False,
        conn_id: str = "interlock_default", **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**{"mode": "reschedule", "poke_interval": MINUTE_SECONDS, "timeout": WEEK_SECONDS, **kwargs})
        self.title, self.details, self.to = title, details, to
        self.schema, self.approval, self.conn_id = schema, approval, conn_id

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask if nobody has yet, and look for the answer."""
        connection, at = BaseHook.get_connection(self.conn_id), context["ti"]
        words = {"key": f"airflow:{at.dag_id}:{at.run_id}:{at.task_id}:{at.map_index}", "details": self.details}
        with Client(str(connection.host), str(connection.password)) as client:
            if self.approval:
                question_id = put_approval(client, self.title, to=self.to, **words)
            else:
                question_id = put_question(client, self.title, to=self.to, schema=self.schema, **words)
            try:
                answer = find_answer(client, question_id)
            except NotAnswered as error:
                raise AirflowFailException(str(error)) from error
        return PokeReturnValue(is_done=answer is not None, xcom_value=answer.value if answer else None)
