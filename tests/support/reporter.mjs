/* What is worth reading of a run: each failure in full, a line a topic, and how many there were.
 * FAILED_TOPICS names a file that is then given the topics that failed, one a line; one that must not be tried
 * again follows a `!`: a sanitizer reported, or the server crashed, and that is never load. */

import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';

const CRASH = /CHECK failed|(?:Address|Thread|Leak|UndefinedBehavior|Memory)Sanitizer|runtime error:|SIG(?:SEGV|ABRT|BUS|ILL|FPE)/;

function failureText({ error }) {
    if (!error)
        return '    it was skipped, and a skipped test is a failed one';
    const cause = error.cause ?? error;
    const text = typeof cause === 'string' ? cause : cause.stack ?? inspect(cause);
    return text.split('\n').filter((line) => !/ \(?node:/.test(line)).map((line) => `    ${line}`).join('\n');
}

/* `presence: a member is greeted …`, or the path of a file that could not be run to its end. */
const topicOf = (name) => (name.endsWith('.test.js') ? name.replace(/^.*\/|\.test\.js$/g, '') : name.split(':')[0]);

/* A run that is ended from outside says which file did not end: node reports them in order, so the first one that nothing
 * was heard of to its end holds up the others. */
function sayWhatHangs(all, ended) {
    const hanging = process.argv.filter((file) => file.endsWith('.test.js')).map(topicOf).find((topic) => !ended.has(topic));
    process.stdout.write(`✖ ${hanging}: it had not ended when the run was ended\n${all.passed} passed, ${all.failed + 1} failed\n`);
    process.exit(1);
}

export default async function* reporter(source) {
    const all = { passed: 0, failed: 0 };
    const ended = new Set();
    process.prependListener('SIGTERM', () => sayWhatHangs(all, ended));
    const topics = new Map();
    const failed = new Map();
    for await (const { type, data } of source) {
        if (type === 'test:diagnostic' && /^(RSS|median|left out|artisan |composer )/.test(data.message))
            yield `${data.message}\n`;
        if (type === 'test:stderr' && / it did not end after /.test(data.message))
            yield `    ${data.message}`;
        if (type !== 'test:pass' && type !== 'test:fail')
            continue;
        const passed = type === 'test:pass' && data.skip === undefined && data.todo === undefined;
        const topic = topicOf(data.name);
        if (data.name.endsWith('.test.js')) {
            ended.add(topic);
            if (passed)
                continue; // a file that holds tests is not one itself
        }
        if (!topics.has(topic))
            topics.set(topic, { passed: 0, failed: 0, ms: 0 });
        const counts = topics.get(topic);
        counts.ms += data.details.duration_ms ?? 0;
        for (const each of [all, counts])
            each[passed ? 'passed' : 'failed']++;
        if (passed)
            continue;
        const text = failureText(data.details);
        failed.set(topic, failed.get(topic) === '!' || CRASH.test(text) ? '!' : '');
        yield `✖ ${data.name}\n${text}\n`;
    }
    if (process.env.FAILED_TOPICS)
        writeFileSync(process.env.FAILED_TOPICS, [...failed].map(([topic, mark]) => `${mark}${topic}\n`).join(''));
    for (const [topic, { passed, failed, ms }] of [...topics].sort())
        yield `${failed ? '✖' : '✔'} ${topic}: ${passed} passed, ${failed} failed in ${(ms / 1000).toFixed(1)} s\n`;
    yield `${all.passed} passed, ${all.failed} failed\n`;
}
