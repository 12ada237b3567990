from django.apps import AppConfig


class ClarificationsConfig(AppConfig):
    name = "clarifications"

    def ready(self) -> None:
        from backlog.flow.orchestration import FOLLOWERS, GATES
        from clarifications import checks  # noqa: F401  (registers the system checks)
        from clarifications.gates import ask_for_missing
        from clarifications.services import withdraw_unneeded
        from pages.live import register_topic

        register_topic(
            "inbox", lambda user, subjects: subjects if user.has_perm("clarifications.view_question") else []
        )
        GATES.append(ask_for_missing)
        FOLLOWERS.append(withdraw_unneeded)
