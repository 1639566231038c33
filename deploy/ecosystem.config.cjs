// PM2: pm2 start deploy/ecosystem.config.cjs
// No environment variables are set here. The configuration is in the database, so --update-env is not needed.
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
