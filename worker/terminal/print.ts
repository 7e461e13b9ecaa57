// Prints lines to the terminal. Every line of the command line, the trainer and the build goes through here (a lint rule
// forbids console elsewhere), because names of files and answers of servers can contain anything: sequences that change
// the terminal's title or colours, or characters that reorder or begin a line.

/** Control characters (C0, DEL, C1), separators of lines and paragraphs, controls of direction, and lone surrogates. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu

/**
 * Returns `text` with each control character as an escape sequence of JSON, like `\u001b` or `\n`. So a line of JSON keeps
 * its meaning, and any other text stays one line that the terminal shows and does not obey.
 */
export function shown(text: string): string {
  return text.replace(CONTROLS, (control) => {
    const short = JSON.stringify(control).slice(1, -1)
    return short.startsWith('\\') ? short : `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Prints one line to stdout. */
export function print(line: string): void {
  console.log(shown(line))
}

/** Prints a text of several lines to stdout. Names in it must have passed `shown`, or they could begin a line of their own. */
export function printText(text: string): void {
  for (const line of text.split(/\r?\n/)) print(line)
}

/** Prints one line to stderr. */
export function printError(line: string): void {
  console.error(shown(line))
}
