// Says at the end how many pages were visited and how often they were looked at.
export default class Count {
  sums = { pages: 0, looks: 0 };
  onTestEnd(test, result) {
    for (const { type, description } of result.annotations) if (type in this.sums) this.sums[type] += Number(description);
  }
  onEnd() {
    const { pages, looks } = this.sums;
    if (pages > 0) console.log(`  ${pages} pages visited, looked at ${looks} times (two themes, two widths)`);
  }
  printsToStdio() {
    return false;
  }
}
