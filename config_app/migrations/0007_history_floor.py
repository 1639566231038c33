from django.db import migrations, models

from config_app.database.migration import ConfigMigration


class Migration(ConfigMigration):
    dependencies = [
        ("config_app", "0006_state_row"),
    ]

    operations = [
        migrations.AddField(
            model_name="configstate",
            name="history_floor",
            field=models.PositiveBigIntegerField(null=True),
        ),
    ]
