from django.apps import AppConfig


class ClarificationsConfig(AppConfig):
    name = "clarifications"

    def ready(self) -> None:
        from backlog.gates import register_follower, register_gate
        from clarifications.gates import ask_for_missing
        from clarifications.services import withdraw_unneeded

        register_gate(ask_for_missing)
        register_follower(withdraw_unneeded)
