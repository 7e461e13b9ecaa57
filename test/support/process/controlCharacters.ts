/** A name with sequences that change a terminal, reorder text and begin lines, and how it must be printed. */
export const EVIL = '\u001b]0;owned\u0007\u009b2J\u202egpj.\ncat.jpg: done\r'
export const SHOWN = '\\u001b]0;owned\\u0007\\u009b2J\\u202egpj.\\ncat.jpg: done\\r'
