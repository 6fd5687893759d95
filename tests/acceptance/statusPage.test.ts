/** The status page in a real browser: wide and narrow, light and dark, with scripts and network off. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { statusPage } from "../../provider/cli/statusPage";
import { HEALTHY_STATUS, TROUBLED_STATUS } from "../support/statuses";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const LEAST_CONTRAST = 4.5;
const LEAST_LETTERS_PX = 10;
const WIDTHS = { phone: 360, wide: 1280 };

/** Runs in the page: the size of the smallest letters, as they are shown. */
const SMALLEST_LETTERS = `
Math.min(
    ...[...document.querySelectorAll("td, th, p, h1, caption, svg text")]
        .filter((element) => element.getClientRects().length > 0 && element.textContent !== "")
        .map((element) => {
            const size = Number.parseFloat(getComputedStyle(element).fontSize);
            const svg = element.closest("svg");
            return svg === null ? size : (size * svg.getBoundingClientRect().width) / svg.viewBox.baseVal.width;
        }),
)`;

/** Runs in the page: the texts whose contrast with what is behind them is below least, by WCAG 2. */
const POOR_CONTRAST = `
(least) => {
    const channels = (colour) => (colour.match(/[0-9.]+/g) ?? []).map(Number);
    const luminance = (colour) => {
        const [red, green, blue] = channels(colour).map((channel) => {
            const part = channel / 255;
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const groundOf = (element) => {
        const box = element.closest("g")?.querySelector(".box");
        if (box) {
            return getComputedStyle(box).fill;
        }
        for (let at = element; at !== null; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (channels(colour)[3] !== 0) {
                return colour;
            }
        }
        return "rgb(255, 255, 255)";
    };
    return [...document.querySelectorAll("td span, th, p, h1, caption, svg text")]
        .filter((element) => element.textContent !== "")
        .flatMap((element) => {
            const style = getComputedStyle(element);
            const colour = element.closest("svg") === null ? style.color : style.fill;
            const [light, dark] = [luminance(colour), luminance(groundOf(element))].sort((a, b) => b - a);
            const contrast = (light + 0.05) / (dark + 0.05);
            return contrast < least ? [contrast.toFixed(1) + " " + element.textContent] : [];
        });
}`;

const describeInBrowser = existsSync(CHROMIUM) ? describe : describe.skip;
const title = existsSync(CHROMIUM)
    ? "the status page in a browser"
    : `the status page in a browser (skipped: no ${CHROMIUM}: apt install chromium, or set CHROMIUM)`;

describeInBrowser(title, () => {
    let folder: string;
    let browser: Browser;

    beforeAll(async () => {
        folder = mkdtempSync(path.join(os.tmpdir(), "status-page-"));
        browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    }, 60_000);
    afterAll(async () => {
        await browser?.close();
        rmSync(folder, { recursive: true, force: true });
    });

    /** Opens a page and collects what it asks of others. */
    async function open(
        html: string,
        { width, scheme }: { width: number; scheme: "light" | "dark" },
    ): Promise<{ page: Page; asked: string[]; said: string[] }> {
        const file = path.join(folder, `page-${width}-${scheme}.html`);
        writeFileSync(file, html);
        const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme });
        const page = await context.newPage();
        const asked: string[] = [];
        const said: string[] = [];
        page.on("request", (request) => asked.push(request.url()));
        page.on("console", (message) => said.push(message.text()));
        page.on("pageerror", (error) => said.push(error.message));
        await page.goto(pathToFileURL(file).href);
        if (process.env.SCREENSHOTS) {
            mkdirSync(process.env.SCREENSHOTS, { recursive: true });
            const name = path.join(process.env.SCREENSHOTS, `status-${width}-${scheme}.png`);
            await page.screenshot({ path: name, fullPage: true });
        }
        return { page, asked: asked.filter((url) => !url.startsWith("file:")), said };
    }

    describe.each([
        ["phone", "light"],
        ["phone", "dark"],
        ["wide", "light"],
        ["wide", "dark"],
    ] as const)("%s, %s", (device, scheme) => {
        let page: Page;
        let asked: string[];
        let said: string[];

        beforeAll(async () => {
            const html = statusPage([TROUBLED_STATUS, HEALTHY_STATUS]);
            ({ page, asked, said } = await open(html, { width: WIDTHS[device], scheme }));
        }, 60_000);
        afterAll(() => page?.context().close());

        it("asks nobody for anything and has nothing to complain about", () => {
            expect({ asked, said }).toEqual({ asked: [], said: [] });
        });

        it("is as wide as the screen and no wider", async () => {
            const widths = await page.evaluate<number[]>("[document.documentElement.scrollWidth, window.innerWidth]");
            expect(widths[0]).toBeLessThanOrEqual(widths[1] ?? 0);
        });

        it("has text in contrast with its ground", async () => {
            const poor = await page.evaluate<string[]>(`(${POOR_CONTRAST})(${LEAST_CONTRAST})`);
            expect(poor).toEqual([]);
        });

        it("has letters that can be read, in the picture too", async () => {
            const smallest = await page.evaluate<number>(SMALLEST_LETTERS);
            expect(smallest).toBeGreaterThanOrEqual(LEAST_LETTERS_PX);
        });

        it("tells those who do not see it what it shows", async () => {
            expect(await page.getByRole("img").first().getAttribute("role")).toBe("img");
            expect(await page.locator("html").getAttribute("lang")).toBe("en");
            expect(await page.getByRole("heading", { level: 1 }).allTextContents()).toEqual([
                "Cluster metrics",
                "Cluster metrics",
            ]);
            expect(await page.locator("table:not(:has(caption))").count()).toBe(0);
            expect(await page.locator("th:not([scope])").count()).toBe(0);
        });

        it("shows the trouble", async () => {
            expect(await page.getByText("1 server does not answer", { exact: false }).isVisible()).toBe(true);
            expect(await page.getByText("it does not exist any more").isVisible()).toBe(true);
        });
    });

    it("is light or dark as the reader has it", async () => {
        const grounds = await Promise.all(
            (["light", "dark"] as const).map(async (scheme) => {
                const { page } = await open(statusPage([HEALTHY_STATUS]), { width: 500, scheme });
                const ground = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
                await page.context().close();
                return ground;
            }),
        );
        expect(grounds).toEqual(["rgb(247, 249, 251)", "rgb(13, 17, 23)"]);
    });
});
