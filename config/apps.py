from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Interlock"

    def ready(self) -> None:
        from clarifications.tables import register_reader
        from config.tables import read_table

        register_reader(read_table)
