from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("setup_wizard", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="setupdraft",
            name="earlier",
            field=models.JSONField(default=dict),
        ),
    ]
