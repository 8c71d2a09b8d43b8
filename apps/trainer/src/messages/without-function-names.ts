/**
 * A message of one of the libraries for people who called a command: they do not know the functions it begins with.
 *
 * @param message - for example `readDocuments: there is no file a.txt.`
 * @returns for example `there is no file a.txt.`
 */
export function withoutFunctionNames(message: string): string {
  return message.replace(/(^|: )(?:[a-z]+[A-Z]\w*: )+/, '$1')
}
