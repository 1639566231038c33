from typing import Any

import django.db.models.functions.datetime
from django.db import migrations, models

from config_app.database.migration import ConfigMigration
from config_app.database.names import prefixed


def drop_triggers(_apps: Any, schema_editor: Any) -> None:
    """Drop the triggers on SQLite, which would not let Django replace the table ``config_state``.

    After ``migrate``, ``config_app.store.triggers`` creates the triggers again.
    """
    if schema_editor.connection.vendor == "sqlite":
        for event in ("insert", "update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {prefixed('system_config')}_{event}_bumps")


class Migration(ConfigMigration):
    dependencies = [
        ("config_app", "0009_process_declaration"),
    ]

    operations = [
        migrations.RunPython(drop_triggers, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="change",
            name="is_secret",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="change",
            name="note",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AlterField(
            model_name="change",
            name="refused",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="configstate",
            name="version",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name="confirmation",
            name="actor",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=254, verbose_name="confirmed by"
            ),
        ),
        migrations.AlterField(
            model_name="confirmation",
            name="outcome",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AlterField(
            model_name="confirmation",
            name="reason",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AlterField(
            model_name="keyslot",
            name="created_at",
            field=models.DateTimeField(
                auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
            ),
        ),
        migrations.AlterField(
            model_name="process",
            name="error",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AlterField(
            model_name="process",
            name="pending",
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AlterField(
            model_name="process",
            name="pins",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AlterField(
            model_name="revision",
            name="actor",
            field=models.CharField(blank=True, db_default="", default="", max_length=254),
        ),
        migrations.AlterField(
            model_name="revision",
            name="address",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="client address"
            ),
        ),
        migrations.AlterField(
            model_name="revision",
            name="reason",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.RunPython(migrations.RunPython.noop, drop_triggers),
    ]
