from typing import Any

from django.db import migrations, models

from config_app.database.migration import ConfigMigration
from config_app.database.names import prefixed


def forget_processes(apps: Any, schema_editor: Any) -> None:
    """Delete all receipts when the migration is reversed."""
    # Without `instance`, two processes may have the same process id. Running processes write a new receipt.
    apps.get_model("config_app", "Process").objects.using(schema_editor.connection.alias).all().delete()


class Migration(ConfigMigration):
    dependencies = [
        ("config_app", "0003_receipts"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="process",
            name=prefixed("config_process_once"),
        ),
        migrations.AddField(
            model_name="process",
            name="instance",
            field=models.CharField(db_default="", default="", max_length=16),
        ),
        migrations.AddConstraint(
            model_name="process",
            constraint=models.UniqueConstraint(
                fields=("machine", "instance", "pid"), name=prefixed("config_process_once")
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget_processes),
    ]
