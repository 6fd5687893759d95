// Figures of benchmarks: machines are shared and noisy, so medians of alternating rounds, and ratios.

/** The median of a list of numbers. */
export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `name: 812 ms / 700 ms = 1.16 (aim: at most 1.3)` */
export function ratioLine(name, value, base, unit, aim) {
    const ratio = value / base;
    const wanted = aim === undefined ? "" : ` (aim: at most ${Number(aim.toFixed(2))})`;
    return `${name}: ${value.toFixed(0)} ${unit} / ${base.toFixed(0)} ${unit} = ${ratio.toFixed(2)}${wanted}`;
}
