/** A vitest reporter that writes down how many tests passed and failed, and which needed a second try, in the file named by AVA_TEST_COUNTS. */
import { writeFileSync } from 'node:fs';

export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: [], secondTry: [] };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') counts.failed += 1;
        else counts.skipped.push(test.fullName);
        if (test.diagnostic()?.flaky) counts.secondTry.push(`${test.module.relativeModuleId} > ${test.fullName}`);
      }
      // A file that cannot be loaded, or a suite whose preparation throws, fails without a failed test.
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    }
    writeFileSync(process.env.AVA_TEST_COUNTS, JSON.stringify(counts));
  }
}
