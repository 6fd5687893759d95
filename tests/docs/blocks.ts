/** The code blocks of pages. */

/** One code block. */
export interface Block {
    /** From 1 on, among the page's blocks of its language. */
    readonly number: number;
    readonly code: string;
    /** The file that it is to be put in, by the comment in its first line: `// cluster.ts`. */
    readonly file: string | undefined;
}

/** The blocks of a language in a page, as the mark behind the backticks names it. */
export function blocksOf(text: string, language: string): Block[] {
    return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map((match, index) => {
        const code = match[1] ?? "";
        return { number: index + 1, code, file: /^\/\/ ([\w.]+\.ts)\n/.exec(code)?.[1] };
    });
}
