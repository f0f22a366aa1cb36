'use strict';

/* Makes the installed application that most tests begin with. */

const { Application } = require('./application.js');

(async () => {
    const application = new Application();
    try {
        await application.makeTemplate();
    } finally {
        await application.remove();
    }
})().catch((error) => {
    console.error(`the application cannot be installed: ${error.message}`);
    process.exit(1);
});
