from django.db import migrations, models

from config_app.database.migration import ConfigMigration


class Migration(ConfigMigration):
    dependencies = [
        ("config_app", "0008_slots_with_key_pairs"),
    ]

    operations = [
        migrations.AddField(
            model_name="process",
            name="declaration",
            field=models.CharField(db_default="", default="", max_length=8),
        ),
    ]
