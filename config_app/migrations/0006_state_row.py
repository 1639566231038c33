from typing import Any

from django.db import migrations

from config_app.database.migration import ConfigMigration


def create_row(apps: Any, schema_editor: Any) -> None:
    """Create the row of ``config_state``, so that the triggers count every write, even the first one."""
    rows = apps.get_model("config_app", "ConfigState").objects.using(schema_editor.connection.alias)
    rows.get_or_create(pk=1)


class Migration(ConfigMigration):
    dependencies = [
        ("config_app", "0005_confirmation_reason"),
    ]

    operations = [
        migrations.RunPython(create_row, migrations.RunPython.noop),
    ]
