// Real servers on a shared machine: a case takes a second or two, and many on a loaded machine.
jest.setTimeout(60_000);
