// Which packages the compiled sources import, by which names, and where in the text. Read from the syntax tree: text that
// only looks like an import is left alone.
import { parseAst } from 'rolldown/parseAst';

export interface PackageImport {
  /** As it is written: `typebox/compile`. */
  readonly source: string;
  readonly names: readonly string[];
  /** Where the source stands in the file, with its quotes. */
  readonly start: number;
  readonly end: number;
}

/** @throws Error for an import that does not say which names it takes: the rest could not be left out of the bundle */
export function packageImports(file: string, code: string): PackageImport[] {
  return parseAst(code).body.flatMap((node): PackageImport[] => {
    switch (node.type) {
      case 'ImportDeclaration': {
        if (!isPackage(node.source.value)) return [];
        const names = node.specifiers.map((specifier) => {
          switch (specifier.type) {
            case 'ImportDefaultSpecifier':
              return 'default';
            case 'ImportSpecifier':
              return specifier.imported.type === 'Identifier' ? specifier.imported.name : specifier.imported.value;
            case 'ImportNamespaceSpecifier':
              throw new Error(`${file}: import single names of ${node.source.value}, so that the rest can be left out`);
          }
        });
        return [{ source: node.source.value, names, start: node.source.start, end: node.source.end }];
      }
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration': {
        const source = node.source?.value;
        if (source !== undefined && isPackage(source))
          throw new Error(`${file}: exports of ${source} cannot be bundled`);
        return [];
      }
      default:
        return [];
    }
  });
}

function isPackage(source: string): boolean {
  return !source.startsWith('.') && !source.startsWith('node:');
}
