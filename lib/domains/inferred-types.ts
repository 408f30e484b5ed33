// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface ClusterSchema extends
  z.ZodObject<{
    /** The domain's name. */
    name: z.ZodString;
    documents: z.ZodInt;
    /** UTF-8 bytes of the documents. */
    bytes: z.ZodNumber;
    /** Of all documents. */
    share: z.ZodNumber;
    topTerms: z.ZodArray<z.ZodString>;
    /** Other clusters, the nearest center first. */
    neighbors: z.ZodArray<z.ZodString>;
    /** The mean weight that C-BTM's ensemble gives to each cluster's model on the documents of this one. */
    overlap: z.ZodRecord<z.ZodString, z.ZodNumber>;
    /** Documents of the cluster that are near no center. */
    far: z.ZodInt;
    /** Mean squared distance from the center, and its standard deviation over documents. */
    distance: z.ZodNumber;
    distanceDeviation: z.ZodNumber;
    /** Shares of the sampled documents by language: ISO 639-3 codes, `und` where it cannot be told. */
    languages: z.ZodRecord<z.ZodString, z.ZodNumber>;
    /** Documents by the file that they are from, the most first; by folder, ending with a slash, if files are many. */
    sources: z.ZodArray<
      z.ZodObject<{
        source: z.ZodString;
        documents: z.ZodInt;
      }, z.core.$strip>
    >;
    /** The documents nearest to the center. */
    typical: z.ZodArray<
      z.ZodObject<{
        id: z.ZodString;
        text: z.ZodString;
        distance: z.ZodNumber;
      }, z.core.$strip>
    >;
    /** File of the documents, from the clustering's folder. */
    file: z.ZodString;
  }, z.core.$strip> {}
export interface ClusteringSchema extends
  z.ZodObject<{
    format: z.ZodLiteral<"stitchbook-clustering">;
    version: z.ZodLiteral<1>;
    settings: z.ZodObject<{
      count: z.ZodInt;
      seed: z.ZodInt;
      features: z.ZodEnum<{ hidden: "hidden"; "tf-idf": "tf-idf" }>;
      dimensions: z.ZodInt;
      sample: z.ZodInt;
      balanced: z.ZodBoolean;
      leaveFar: z.ZodBoolean;
      files: z.ZodArray<z.ZodString>;
      textField: z.ZodString;
      skipBad: z.ZodBoolean;
    }, z.core.$strip>;
    /** The model whose hidden states are the features. */
    model: z.ZodOptional<
      z.ZodObject<{
        /** As it was named. */
        path: z.ZodString;
        /** SHA-256 of its tokenizer.json. */
        tokenizer: z.ZodString;
        /** Tokens of a document that are read, at most. */
        tokens: z.ZodInt;
      }, z.core.$strip>
    >;
    documents: z.ZodInt;
    bytes: z.ZodNumber;
    /** Exact repetitions, which were left out. */
    duplicates: z.ZodInt;
    /** Records and files that could not be read. */
    skipped: z.ZodInt;
    /** Documents that the clusters were fitted to. */
    sampled: z.ZodInt;
    /** Documents near no center. */
    far: z.ZodInt;
    /** The domain that they are in, if they are left to the seed. */
    rest: z.ZodOptional<
      z.ZodObject<{
        name: z.ZodString;
        documents: z.ZodInt;
        file: z.ZodString;
      }, z.core.$strip>
    >;
    /** Share of the occurrences of terms that the vocabulary lacks. */
    unknownTerms: z.ZodNumber;
    fingerprint: z.ZodString;
    /** SHA-256 of the files that assign text, by name; older clusterings lack it. */
    sha256: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodString>>;
    clusters: z.ZodArray<ClusterSchema>;
  }, z.core.$strip> {}
