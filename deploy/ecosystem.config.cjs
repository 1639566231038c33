// PM2: pm2 start deploy/ecosystem.config.cjs
// No environment here: the configuration is in the database, so a restart never needs --update-env.
const path = require("node:path");

const root = path.resolve(__dirname, "..");

module.exports = {
  apps: [
    {
      name: "Hub",
      cwd: root,
      script: path.join(root, ".venv/bin/python"),
      args: "manage.py serve",
      interpreter: "none",
      kill_timeout: 40000,
    },
  ],
};
