from django.db import migrations, models

from config_app.database.migration import ConfigMigration


class Migration(ConfigMigration):
    dependencies = [
        ("config_app", "0010_defaults_in_the_database"),
    ]

    operations = [
        migrations.AddField(
            model_name="keyslot",
            name="is_confirmed",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
