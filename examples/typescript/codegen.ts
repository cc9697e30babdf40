import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  emitLegacyCommonJSImports: false,
  schema: "../../schema/schema.graphql",
  documents: "src/*.ts",
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        strictScalars: true,
        useTypeImports: true,
        enumsAsTypes: true,
        // Numbers that a JSON number could not hold, and everything else that is written as text.
        scalars: {
          BigInt: "string",
          ConflictClass: "string",
          CurrencyCode: "string",
          Cursor: "string",
          Date: "string",
          DateTime: "string",
          Decimal: "string",
          Duration: "string",
          RegionCode: "string",
          RuleId: "string",
          UnitCode: "string",
        },
      },
    },
  },
};

export default config;
